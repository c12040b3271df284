/*
 * Deductions from the confidence in an identifier, percent.
 */

/** It is announced only by the preceding path segment, label or tag. */
export const uncertaintyOfPath = 25;
/** It is a digest, whose content cannot be checked. */
export const uncertaintyOfDigest = 20;
/** Unknown words precede the name in its key. */
export const uncertaintyOfLooseKey = 15;
