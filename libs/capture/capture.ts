/** Capture files to packets, packets to flows and streams. Pure: bytes and times are passed in. */
export { formatAddress, parseAddress } from './address.ts';
export { CaptureBuilder, type CaptureBuilderOptions, type UdpConversation, type UdpOptions } from './builder.ts';
export type { BuiltFrame, FileOptions } from './builder-files.ts';
export type { Endpoint } from './builder-packets.ts';
export type { SendOptions, TcpConversation, TcpOptions } from './builder-tcp.ts';
export { communityId, type CommunityIdInput } from './community-id.ts';
export { CaptureCounters, captureReasons, type CaptureReason } from './counters.ts';
export { decodePacket } from './decode.ts';
export { doubled, doubledAndFilled } from './doubled.ts';
export { CaptureError, type CaptureErrorCode } from './error.ts';
export { Flow, noSurroundings, type FlowEndReason, type FlowHandler, type Sender } from './flow.ts';
export { FlowTable, flowTableDefaults, type FlowShare, type FlowTableOptions } from './flow-table.ts';
export { type CaptureReaderOptions } from './format.ts';
export { giveBack, keptCopy, keptCopyCost } from './kept-copy.ts';
export {
  dnsAnswer, dnsQuery, httpRequest, httpResponse, stunMessage, tlsApplicationData, tlsClientHello,
  tlsServerHello, type ClientHelloOptions, type DnsRecord, type DnsType, type StunAttribute,
} from './payloads.ts';
export { ACK, FIN, RST, SYN, transportName } from './protocols.ts';
export { CaptureReader } from './reader.ts';
export { PacketView } from './view.ts';
