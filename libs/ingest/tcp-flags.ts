/** TCP flags (RFC 9293, section 3.1). */
export const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10] as const;
