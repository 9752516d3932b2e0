/** Asked of a tool's own Python: the version on the first line, `False` on the second where no GPU can be used. */
export const torchQuestion = "import torch; print(torch.__version__); print(torch.cuda.is_available())";
export const noCuda = "It can use no GPU (torch.cuda.is_available() is False).";
export const noCudaFix =
  "Install the PyTorch build for CUDA into this environment and check the driver with nvidia-smi, or start Isengard with --use-processor if the processor is to do it.";
