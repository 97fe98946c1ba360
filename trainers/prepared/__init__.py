"""Pictures from folders, archives and videos made into a data set that can be trained on. No torch."""
