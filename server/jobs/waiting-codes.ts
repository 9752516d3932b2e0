/** Codes of reasons to wait that more than one place has to know. */
export const diskCode = "disk";
export const faultCode = "gpu_fault";
export const gpuMemoryCode = "gpu_memory";
/** Such jobs are passed over, so nobody waits for them. */
export const heldCodes: ReadonlySet<string> = new Set([diskCode, faultCode, gpuMemoryCode]);
