import type { IdentifierKind } from '../kind.ts';
import { isMac, macInText, normaliseMac } from '../mac.ts';
import { isHex, isMachineId, isRandomToken, isUuid, normaliseHex } from '../opaque.ts';
import { literal } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';

export const androidId: IdentifierKind = {
  name: 'android_id',
  dataClass: 'device',
  keys: ['*_android_id', 'ssaid', 'client_androidid', 'aid', 'android_device_id', 'secure_android_id', 'androidid', 'andid', 'andi'],
  // 64 bits in hexadecimal; some releases drop leading zeros.
  validate: (value) => isHex(value, 13, 16) && /[a-f]/i.test(value) && value.toLowerCase() !== '9774d56d682e549c',
  normalise: normaliseHex,
  confidence: 97,
  traps: ['A faulty release gave 9774d56d682e549c to many devices.', 'An OAID may have 16 hexadecimal digits as well.'],
  source: 'https://developer.android.com/reference/android/provider/Settings.Secure#ANDROID_ID',
  examples: {
    match: [
      ['android_id', 'c4f17a90d25b386e'], ['_android_id', 'c4f17a90d25b386e'], ['Client-AndroidId', 'a1b2c3d4e5f60718'],
      'https://x.example/?os=11&androidId=a1b2c3d4e5f60718&v=2',
    ],
    noMatch: [
      ['android_id', '9774d56d682e549c'], ['android_id', '11'], ['android_id', '0000000000000000'], ['android_version', 'c4f17a90d25b386e'],
    ],
  },
};

export const advertisingId: IdentifierKind = {
  name: 'advertising_id',
  dataClass: 'device',
  keys: [
    'gaid', 'gps_adid', 'aifa', 'google_adid', 'gadid', 'ios_ifa', 'ios_adid', 'tifa', 'roku_id', 'vizio_ifa', 'ad_tracking_id', 'caid',
    'oaid_new', 'honor_oaid', 'google_ad_id', 'google_aid', 'google_advertising_id', 'idfa', 'ios_idfa', 'oaid', 'vaid', 'aaid', 'aid', 'adid',
    'ad_id', 'ifa', 'rdid', 'fire_adid', '*_advertising_id', '*_advertiser_id', 'advertisingidentifier', 'advertising_identifier', 'adv_id',
    'amazon_ad_id', 'device_ifa', 'advid', 'google_gaid', 'android_adid', 'android_aid',
  ],
  validate: (value) => isUuid(value) || (isHex(value, 16, 64) && /[a-f]/i.test(value)),
  normalise: normaliseHex,
  confidence: 95,
  traps: [
    'The nil UUID stands for people who opted out.', 'Under `adid` there are numbers of advertisements as well.',
    'Requests have UUIDs as well.',
  ],
  source: 'https://developer.android.com/training/articles/ad-id; https://developer.apple.com/documentation/adsupport/asidentifiermanager',
  examples: {
    match: [
      ['gaid', '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e'], ['_aid', '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e'],
      ['advertiser_id', 'EA7583CD-A667-48BC-B806-42ECB2B48606'], ['oaid', '3f1e6c7a9bd2405883f1e6c7a9bd2405'],
    ],
    noMatch: [
      ['idfa', '00000000-0000-0000-0000-000000000000'], ['adid', '364838'], ['request_id', '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e'],
      'trace 7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e', ['aid', 'banner1'],
    ],
  },
};

export const idfv: IdentifierKind = {
  name: 'idfv',
  dataClass: 'device',
  keys: ['*_idfv', 'identifier_for_vendor', 'ios_vendor_id', 'vendor_identifier', 'vendor_id', 'ifv', 'ios_ifv', 'ios_idfv'],
  validate: isUuid,
  normalise: normaliseHex,
  confidence: 95,
  traps: ['The nil UUID stands for none.'],
  source: 'https://developer.apple.com/documentation/uikit/uidevice/identifierforvendor',
  examples: {
    match: [['idfv', '8C1F7B0E-2D4A-4E5F-9A6B-7C8D9E0F1A2B'], '{"identifierForVendor":"8C1F7B0E-2D4A-4E5F-9A6B-7C8D9E0F1A2B"}'],
    noMatch: [['idfv', '00000000-0000-0000-0000-000000000000'], ['idfv', 'n/a'], ['vendor', '8C1F7B0E-2D4A-4E5F-9A6B-7C8D9E0F1A2B']],
  },
};

export const udid: IdentifierKind = {
  name: 'udid',
  dataClass: 'device',
  keys: ['*_udid', 'open_udid', 'utdid', 'apple_udid', 'client_udid', 'ios_udid', 'oudid', 'utoken', 'utd_id', 'x_utdid'],
  validate: (value) => isUuid(value) || isHex(value, 16, 64) || /^[0-9A-F]{8}-[0-9A-F]{16}$/i.test(value)
    || (isMachineId(value, 16) && /[a-z]/i.test(value)),
  normalise: normaliseHex,
  confidence: 95,
  traps: ['The nil UUID stands for none.', 'Names of models stand under such keys as well.'],
  source: 'https://developer.apple.com/documentation/xcode/distributing-your-app-to-registered-devices',
  examples: {
    match: [
      ['_udid', '4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9'], ['UDID', '00008030-001A2B3C4D5E6F70'],
      ['openUDID', '3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a'],
    ],
    noMatch: [['udid', 'iPhone'], ['udid', '00000000-0000-0000-0000-000000000000'], ['uid_count', '3f2a1b0c9d8e7f6a']],
  },
};

export const bssid: IdentifierKind = {
  name: 'bssid',
  dataClass: 'location',
  keys: [
    '*_bssid', 'ap_mac', 'router_mac', 'wifi_bssid', 'gateway_mac', 'wifi_ap', 'wifi_ap_mac', 'hotspot_mac', 'access_point', 'wlan_bssid',
    'wifi_router_mac',
  ],
  validate: isMac,
  normalise: normaliseMac,
  confidence: 97,
  traps: [
    'Android and iOS give 02:00:00:00:00:00 to apps without permission.',
    'The address of an access point stands for a place, not for a device of the user.',
  ],
  source: 'IEEE 802.11-2020, section 9.2.4.3.4',
  examples: {
    match: [['bssid', 'f4:f2:6d:8a:10:3c'], 'net=wifi&bssid=f4%3Af2%3A6d%3A8a%3A10%3A3c'],
    noMatch: [
      ['bssid', '02:00:00:00:00:00'], 'net=wifi&bssid=02%3A00%3A00%3A00%3A00%3A00', ['bssid', 'ff:ff:ff:ff:ff:ff'], ['ssid', 'Office'],
    ],
  },
};

export const mac: IdentifierKind = {
  name: 'mac',
  dataClass: 'device',
  keys: [
    '*_mac', '*_mac_address', '*_mac_addr', 'mac_id', 'macid', 'bdaddr', 'bd_addr', 'bluetooth_address', 'ether', 'hwaddr', 'hw_address',
    'ethernet_address', 'physical_address', 'station_mac', 'calling_station_id', 'machine_mac', 'client_hw_address', 'macaddr', 'hw_addr',
    'hardware_address', 'ethernet', 'chaddr', 'wifimac', 'btaddr', 'bt_addr',
  ],
  validate: isMac,
  shape: patternShape({ anchors: [{ run: 'mac' }], confidence: 88, pattern: macInText, accept: isMac }),
  normalise: normaliseMac,
  confidence: 95,
  traps: [
    'Placeholders, all zeros, broadcast and multicast addresses belong to no device.',
    'The last group of a UUID, fingerprints of certificates, and IPv6 addresses look like one.',
  ],
  source: 'IEEE 802-2014, section 8',
  examples: {
    match: [
      ['mac', '3c:15:c2:9a:01:fe'], ['wifiMac', '3C15C29A01FE'], 'device 3C-15-C2-9A-01-FE joined', ['mac_address', '3c15.c29a.01fe'],
    ],
    noMatch: [
      '02:00:00:00:00:00', '00:00:00:00:00:00', '01:00:5e:00:00:fb', 'ff:ff:ff:ff:ff:ff', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      'AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01', ['mac', 'Intel'], ['os', 'mac'], 'fe80:15:c2:9a:01:fe:02:03',
    ],
  },
};

const registrationToken = /(?<![\w-])APA91b[\w-]{40,200}(?![\w-])/y;

export const pushToken: IdentifierKind = {
  name: 'push_token',
  dataClass: 'device',
  keys: [
    '*_push_token', '*_push_id', 'fcm_registration_id', 'firebase_token', 'firebase_push_token', 'apns_device_token', 'voip_token',
    'voip_push_token', 'push_device_token', 'hms_push_token', 'hms_token', 'huawei_token', 'xiaomi_reg_id', 'mi_reg_id', 'oppo_reg_id',
    'vivo_reg_id', 'meizu_push_id', 'getui_cid', 'gt_cid', 'getui_client_id', 'jpush_reg_id', 'jpush_registration_id', 'jg_reg_id', 'xg_token',
    'tpns_token', 'umeng_device_token', 'onesignal_player_id', 'onesignal_id', 'airship_channel_id', 'ua_channel_id', 'baidu_push_user_id',
    'push_cid', 'registration_id', 'reg_id', 'device_token', '*_fcm_token', 'gcm_token', 'apns_token', 'push_registration_id', 'push_key',
    'jpush_id', 'mipush_reg_id', 'notification_token', 'c2dm_token', 'gcm_reg_id', 'gcm_id',
  ],
  validate: (value) => value.length >= 16 && isRandomToken(value),
  shape: patternShape({ anchors: [literal('APA91b')], confidence: 95, pattern: registrationToken }),
  confidence: 92,
  traps: ['Under `push_id` there are names of channels as well.'],
  source: 'https://firebase.google.com/docs/cloud-messaging/manage-tokens; '
    + 'https://developer.apple.com/documentation/usernotifications/registering-your-app-with-apns',
  examples: {
    match: [
      ['push_token', 'APA91bE4nLr0Vd3sGJx_u5KwP2oyTi9XcMfZq7aR-8NbCg1HeDjmSlOt6Y'],
      ['deviceToken', '740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad'],
    ],
    noMatch: [['push_token', 'null'], ['push_id', 'news'], ['device_token', '12345']],
  },
};

/** A model letter, then the SHA-1 by which Xiaomi's push service identifies a device; seen in the CONN message on TCP 5222. */
const xiaomiDevice = /(?<![\w-])[a-z]-[0-9A-F]{40}(?![0-9A-Za-z])/y;

/** A hardware module that signs time stamps, named in the certificate within each signed program (`nCipher NTS ESN:…`). */
const signingModule = /^(?:[0-9A-F]{4}-){2}[0-9A-F]{4,5}/;

export const deviceId: IdentifierKind = {
  name: 'device_id',
  dataClass: 'device',
  keys: [
    '*_device_id', 'did', 'dev_id', 'deviceid', 'device_no', 'dev_no', 'dev_uuid', 'devid', 'dvid', 'device_number', 'device_sn', 'dev_sn',
    // Tencent, Baidu, ByteDance, Alibaba, Bilibili, Kuaishou, iQIYI and YY.
    'qimei', 'qimei36', 'q36', 'beacon_id', 'cuid_galaxy2', 'cuid_gid', 'bd_cuid', 'galaxy_id', 'zid', 'c3_aid', 'cdid', 'install_id',
    'clientudid', 'x_tt_device_id', 'x_devid', 'umt', 'x_umt', 'buvid', 'x_bili_buvid', 'local_buvid', 'egid', 'ks_did', 'qyid', 'qiyi_id',
    'iqid', 'biqid', 'dfid', 'psdk_qyid', 'hdid', 'mzid', 'finger_id', 'shumei_id', 'sm_device_id', 'td_did', 'dxid', 'bxid', 'tongdun_id',
    // Analytics and attribution.
    'juid', 'jpush_uid', 'idmd5', 'umeng_id', 'appsflyer_id', 'appsflyerid', 'af_uid', 'af_device_id', 'adjust_id', 'adjust_adid', 'web_uuid',
    'ios_uuid', 'persistent_ios_uuid', 'device_fingerprint_id', 'hardware_id', 'randomized_device_token', 'randomized_bundle_token',
    'browser_fingerprint_id', 'app_instance_id', 'firebase_instance_id', 'firebase_installation_id', 'installation_uuid',
    'crashlytics_installation_id', 'app_set_id', 'singular_id', 'sdid', 'kochava_device_id', 'tune_id', 'mat_id', 'leanplum_device_id',
    'braze_device_id', 'clevertap_id', 'moengage_id', 'bugly_device_id', 'analytics_id', 'app_install_id', 'x_install_id', 'app_uuid',
    'installation_identifier', 'gio_id', 'inst_id',
    // IoT devices and desktops.
    'gw_id', 'gwid', 'tuya_device_id', 'dev_eui', 'deveui', 'station_serial', 'inverter_sn', 'meter_no', 'meter_id', 'vin', 'board_serial',
    'bios_serial', 'disk_serial', 'cpu_id', 'mainboard_id', 'machine_code', 'computer_id', 'workstation_id', 'hdd_serial', 'product_serial',
    'anydesk_id', 'teamviewer_id', 'rustdesk_id', 'client_machine_id', 'x_plex_client_identifier', 'client_identifier', 'device_hash',
    'sonos_id', 'netflix_esn', '*_device_uuid', '*_device_uid', '*_device_guid', '*_hardware_id', 'hwid', '*_machine_id', '*_machine_guid',
    'guid', '*_installation_id', '*_install_id', 'installid', '*_terminal_id', '*_equipment_id', 'client_uuid', 'client_guid', 'client_uid',
    'host_int', '*_serial_number', 'serial_no', 'serialno', 'device_serial', 'cuid', 'anon_id', 'android_uuid', 'smid', 'device_fingerprint',
    'unique_id', 'device_unique_id', 'phone_id', 'meid', 'ecid', 'chip_id', 'dsn', 'esn', 'device_identifier', 'client_device_id',
    'install_uuid', 'suid', 'duid', 'deviceid2',
  ],
  validate: (value) => isUuid(value) || (isMachineId(value, 8) && !/^[A-Za-z]+[ _-]?\d{0,3}$/.test(value) && !signingModule.test(value)),
  shape: patternShape({ anchors: [{ run: 'hex', least: 40 }], confidence: 80, pattern: xiaomiDevice, begin: (_text, at) => at - 'a-'.length }),
  integer: true,
  confidence: 85,
  traps: [
    'Names of models and numbers of a few digits stand under such keys as well.',
    '`vendor_id` and `device_id` of PCI and USB name a model.', 'The nil UUID stands for none.', 'GUIDs of feed entries are URLs.',
    'Messages, media and merchants have a `mid` as well.',
  ],
  source: 'https://developer.android.com/identity/user-data-ids',
  examples: {
    match: [
      ['device_id', 'P31904ID288W5146'], ['guid', '0D93A7C4E15B286F9A30CD74B8E2165FA79C03D6'],
      ['Client-Uid', '4f8b21c6-97ad-4e30-b6d2-15c9e07a83f9'], '{"host_int": 318205947716380254907163825490127364905, "port": 17500}',
      'model*d-3B90E1C7A52F684D0B7E19A3C8F5246D9E07B1A4(',
    ],
    noMatch: [
      ['device_id', '1'], ['device_id', 'iPhone12'], ['deviceId', '00000000-0000-0000-0000-000000000000'],
      ['guid', 'https://blog.example.org/?p=12'], ['device_type', 'P31904ID288W5146'], 'nCipher NTS ESN:3A7C-91E0-48D52', ['mid', '3812345678901234'],
    ],
  },
};
