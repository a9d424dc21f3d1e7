"""The whole deployment on this machine: the unchanged serverless.yml on MiniStack, a local AWS, with IAM enforced."""
