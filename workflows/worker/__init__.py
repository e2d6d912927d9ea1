"""What has to be done without anybody asking for it, and the loop that does it: any number of workers, none needed."""
