// Start of the terminal: its address, its font and its size, before textual.js opens it.
"use strict";
(() => {
  const here = new URL(window.location.href);
  const asked = parseInt(here.searchParams.get("fontsize"), 10);
  here.searchParams.delete("token"); // the cookie has it now: neither the history nor a bookmark shows it
  window.history.replaceState(null, "", here);

  const open = window.onload; // textual.js's
  window.onload = async (event) => {
    const terminal = document.getElementById("terminal");
    const socket = new URL("ws", here); // beside this page, whatever tunnel or proxy leads here
    socket.protocol = here.protocol === "https:" ? "wss:" : "ws:";
    socket.search = "";
    terminal.dataset.sessionWebsocketUrl = socket.href;
    terminal.dataset.fontSize = Math.min(Math.max(asked || 16, 6), 48);
    document.getElementById("restart").onclick = () => window.location.reload();
    try {
      await document.fonts.load("16px 'Roboto Mono'"); // cells are measured once
    } catch {
      // another monospace font
    }
    const connected = new MutationObserver(() => {
      if (document.body.classList.contains("-loaded")) {
        connected.disconnect();
        terminal.querySelector("textarea")?.focus();
      }
    });
    connected.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    open(event);
  };
})();
