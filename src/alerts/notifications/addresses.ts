import { BlockList, isIP } from 'node:net';

type Network = readonly [address: string, bits: number, family: 'ipv4' | 'ipv6'];

/** Not the public internet (IANA's registries of special purpose addresses): this host, private networks, cloud metadata, documentation, multicast. */
const SPECIAL: readonly Network[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // Azure's metadata and wire server stands in a public network.
  ['168.63.129.16', 32, 'ipv4'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  // 6to4 carries an IPv4 address, which may be any of the above.
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];
/** Of IPv6 only this much is given out to the public. */
const GLOBAL_UNICAST = networks([['2000::', 3, 'ipv6']]);
const NOT_PUBLIC = networks(SPECIAL);

/** Which addresses an alert may be sent to. */
export class AddressRules {
  private readonly allowed: BlockList;

  /** @param allowed networks (CIDR) that are fine although they are not public */
  constructor(allowed: readonly string[]) {
    this.allowed = networks(
      allowed.map((cidr) => {
        const [address = '', bits] = cidr.split('/');
        return [address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4'];
      }),
    );
  }

  mayReach(address: string): boolean {
    const plain = unmapped(address);
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    if (this.allowed.check(plain, family)) return true;
    return !NOT_PUBLIC.check(plain, family) && (family === 'ipv4' || GLOBAL_UNICAST.check(plain, 'ipv6'));
  }
}

/** ::ffff:127.0.0.1 is 127.0.0.1, also when it is written ::ffff:7f00:1. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const host = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const number = (parseInt(high, 16) << 16) | parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

function networks(list: readonly Network[]): BlockList {
  const blocks = new BlockList();
  for (const [address, bits, family] of list) blocks.addSubnet(address, bits, family);
  return blocks;
}
