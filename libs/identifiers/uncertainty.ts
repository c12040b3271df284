/** Taken off the confidence of an identifier that only the path segment, the label or the tag before it announces. */
export const uncertaintyOfPath = 25;
