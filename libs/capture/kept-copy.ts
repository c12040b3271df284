/**
 * A copy that may be kept for as long as a flow is idle. `Buffer.from` allocates small copies from a slab of 64 KiB, and each of them keeps the whole
 * slab in memory.
 */
export function keptCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Memory of a small copy in addition to its bytes, in bytes: the objects, and what the allocator adds (measured with Node 24 on x64). */
export const keptCopyCost = 360;

/**
 * Gives back the memory of a copy, or of any array that has memory of its own: it is empty from then on, and so are all views of it. What a flow kept
 * has mostly outlived the young generation, and would otherwise stay until the next collection of all memory.
 */
export function giveBack({ buffer }: { buffer: ArrayBufferLike }): void {
  (buffer as ArrayBuffer).transfer(0);
}
