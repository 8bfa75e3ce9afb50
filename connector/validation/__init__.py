"""Whether a document is valid: catalogue of schemas, XSD engine, and the pool of workers that runs it."""
