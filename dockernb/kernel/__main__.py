"""`python -m dockernb.kernel -f CONNECTION_FILE` starts the kernel."""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

from .kernel import DockerfileKernel

if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=DockerfileKernel)
