"""The embedded engine: images and RUN without a Docker daemon and without root."""
