"""What the screens are made of, a file each."""
