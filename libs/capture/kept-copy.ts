/**
 * A copy that may be kept for as long as a flow is idle. `Buffer.from` allocates small copies from a slab of 64 KiB, and each of them keeps the whole
 * slab in memory.
 */
export function keptCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
