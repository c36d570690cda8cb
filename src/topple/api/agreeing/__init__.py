"""What is behind `agreement`: the model is asked again under each hypothesis of why a shown list is another."""
