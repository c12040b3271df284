import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, analyticsInClear, locationLinked, start, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  const query = 'imei=353879234252633&android_id=5f1c09ab7e3d2468&lat=52.520008&lng=13.404954';
  builder.tcp({ client: { ip: alice, port: 50_001 }, server: { ip: '203.119.169.10', port: 80 }, at: start })
    .handshake().send(httpRequest('GET', `/app_logs?${query}`, { Host: 'alog.umeng.com' })).receive(httpResponse('200 OK', {}, 'ok')).close();
  return builder.pcap();
}

const request = { frame: 4, from: alice, country: 'CN' };
const imei = { kind: 'imei', value: '353879234252633', path: 'url.query.imei' };
export const story: readonly Told[] = [
  { rule: analyticsInClear, ...request, identifier: imei },
  { rule: analyticsInClear, ...request, identifier: { kind: 'android_id', value: '5f1c09ab7e3d2468', path: 'url.query.android_id' } },
  { rule: analyticsInClear, ...request, identifier: { kind: 'geo_position', value: '52.520008,13.404954', path: 'url.query.lat' } },
  { rule: locationLinked, ...request, identifier: imei },
];
