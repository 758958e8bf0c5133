"""Starting of workers on run folders: on this machine, and on clusters of Slurm and Ray."""
