import { describe, expect, it } from '@jest/globals';
import { AddressRules } from './addresses.js';
import { guardedPost } from './guarded-post.js';

const STRICT = new AddressRules([]);

describe('an address', () => {
  it.each(['93.184.216.34', '8.8.8.8', '172.15.255.255', '172.32.0.1', '100.63.255.255', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450::1'])('%s may be reached', (address) => {
    expect(STRICT.mayReach(address)).toBe(true);
  });

  it.each([
    '127.0.0.1', '127.255.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.100.100.200', '168.63.129.16',
    '192.0.0.192', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255',
    '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1',
    '2002:7f00:1::', '2001:db8::1', '2001::1', '100::1',
  ])('%s may not', (address) => {
    expect(STRICT.mayReach(address)).toBe(false);
  });

  it('may be reached where its network is allowed, however it is written', () => {
    const rules = new AddressRules(['127.0.0.0/8', 'fd00::/8']);
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', 'fd12::1']) expect(rules.mayReach(address)).toBe(true);
    for (const address of ['10.0.0.1', '::1', 'fe80::1']) expect(rules.mayReach(address)).toBe(false);
  });
});

describe('a post', () => {
  it.each(['http://127.0.0.1:9/', 'http://localhost:9/', 'http://[::1]:9/', 'http://2130706433/', 'http://0x7f.1/', 'http://169.254.169.254/latest/meta-data/', 'http://[::ffff:169.254.169.254]/'])(
    'to %s is refused before anything is sent, and says how to allow it',
    async (url) => {
      await expect(guardedPost({ url, body: '{}', headers: {} }, STRICT)).rejects.toThrow(/is not a public address.*NAGAYA_ALERT_ALLOWED_NETWORKS=/);
    },
  );
});
