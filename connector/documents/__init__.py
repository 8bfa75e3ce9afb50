"""What a file's bytes turn out to be: recognition by content, safe XML, and the business summary."""
