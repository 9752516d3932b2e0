/** Codes of reasons to wait that more than one place has to know. */
export const diskCode = "disk";
export const faultCode = "gpu_fault";
export const gpuMemoryCode = "gpu_memory";
/** It was asked for in a mode that is not on. */
export const otherModeCode = "other_mode";
/** Such jobs are passed over, so nobody waits for them. */
export const heldCodes: ReadonlySet<string> = new Set([diskCode, faultCode, gpuMemoryCode, otherModeCode]);
