"""The services that ours is compared with, each with packages of its own."""
