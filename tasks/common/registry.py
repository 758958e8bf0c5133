"""The registry: each dataset's source, licence, citation, files and their hashes."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.common.datasets import Dataset, Remote

DATASETS: Mapping[str, Dataset] = {
    "names": Dataset(
        title="surnames of 18 languages",
        source="spro/practical-pytorch@c520c52e68e945d88fff563dba1c028b6ec0197b",
        licence="MIT",
        citation="S. Robertson, practical-pytorch: Classifying Names with a Character-Level RNN, 2017",
        files={
            "Arabic.txt": Remote(
                "data/names/Arabic.txt", "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc"
            ),
            "Chinese.txt": Remote(
                "data/names/Chinese.txt", "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465"
            ),
            "Czech.txt": Remote(
                "data/names/Czech.txt", "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7"
            ),
            "Dutch.txt": Remote(
                "data/names/Dutch.txt", "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3"
            ),
            "English.txt": Remote(
                "data/names/English.txt", "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2"
            ),
            "French.txt": Remote(
                "data/names/French.txt", "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95"
            ),
            "German.txt": Remote(
                "data/names/German.txt", "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db"
            ),
            "Greek.txt": Remote(
                "data/names/Greek.txt", "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6"
            ),
            "Irish.txt": Remote(
                "data/names/Irish.txt", "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058"
            ),
            "Italian.txt": Remote(
                "data/names/Italian.txt", "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4"
            ),
            "Japanese.txt": Remote(
                "data/names/Japanese.txt", "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f"
            ),
            "Korean.txt": Remote(
                "data/names/Korean.txt", "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136"
            ),
            "Polish.txt": Remote(
                "data/names/Polish.txt", "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826"
            ),
            "Portuguese.txt": Remote(
                "data/names/Portuguese.txt", "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53"
            ),
            "Russian.txt": Remote(
                "data/names/Russian.txt", "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c"
            ),
            "Scottish.txt": Remote(
                "data/names/Scottish.txt", "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd"
            ),
            "Spanish.txt": Remote(
                "data/names/Spanish.txt", "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7"
            ),
            "Vietnamese.txt": Remote(
                "data/names/Vietnamese.txt", "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d"
            ),
        },
    ),
}
