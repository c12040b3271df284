/*
 * What is taken off the confidence of an identifier, percent.
 */

/** Only the path segment, the label or the tag before it announces it. */
export const uncertaintyOfPath = 25;
/** It is a digest, whose content cannot be checked. */
export const uncertaintyOfDigest = 20;
/** Unknown words stand before the name in its key. */
export const uncertaintyOfLooseKey = 15;
