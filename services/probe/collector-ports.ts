/** Ports on which collectors of NetFlow, IPFIX (4739) and sFlow (6343) listen. */
export const collectorPorts = new Set([2055, 2056, 4432, 4739, 6343, 9555, 9995, 9996]);
