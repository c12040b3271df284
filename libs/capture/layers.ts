/**
 * The layers through which `decodeLayers` goes. Each decoder reads its header at `view.payloadStart`, advances that past it, and returns the next
 * layer: no decoder calls another, so nesting cannot exhaust the stack.
 */
export type Layer = number;

/** The packet is decoded. */
export const DECODED = 0;
/** Not IP, or malformed; counted by the decoder that found out. */
export const FAILED = 1;
export const ETHERNET = 2;
export const IP = 3;
export const IPV4 = 4;
export const IPV6 = 5;
/** What follows the IP header: `view.transport` at `view.payloadStart`. */
export const IP_PAYLOAD = 6;
export const TRANSPORT = 7;
export const LLC = 8;
export const MPLS = 9;
export const PPP = 10;
export const PPPOE = 11;
export const CISCO_HDLC = 12;
export const LOOPBACK = 13;
export const COOKED = 14;
export const COOKED_V2 = 15;
export const WLAN = 16;
export const RADIOTAP = 17;
export const PRISM = 18;
export const NFLOG = 19;
export const PKTAP = 20;
export const PPI = 21;
export const PFLOG = 22;
export const GRE = 23;
export const UDP_PAYLOAD = 24;
export const PPP_WITH_DIRECTION = 25;
export const IEEE1394 = 26;
/** 802.11 with swapped bytes in frame control and sequence control. */
export const WLAN_SWAPPED = 27;
