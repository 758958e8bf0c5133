"""Many runs under one name: their plan, the queue that trains them, the table of their results. No torch."""
