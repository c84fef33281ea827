import { Injectable } from '@nestjs/common';
import { hashApiKey, isWellFormed } from './api-key-format.js';
import { ApiKeysService } from './api-keys.service.js';
import type { Principal } from './principal.js';
import { StrangerLimit } from './stranger-limit.js';

/** A revoked key stops working on every replica within 5 s; 2 s leaves room for a slow look-up. */
const FRESH_MS = 2_000;
const MAX_ENTRIES = 10_000;

interface Entry {
  readonly principal: Promise<(Principal & { expiresAt: Date | null }) | undefined>;
  readonly until: number;
}

/** Remembers for a moment whose key a key is, so that a busy client costs one look-up every two seconds. */
@Injectable()
export class KeyCache {
  private readonly entries = new Map<string, Entry>();
  /** Keys that have opened something in this process; their look-ups are never held back. */
  private readonly familiar = new Set<string>();
  private readonly strangers = new StrangerLimit();

  constructor(private readonly keys: ApiKeysService) {}

  /**
   * The holder of a key; undefined where it opens nothing.
   * @param address where the request came from
   * @throws AppError `rate_limited` where too many keys that open nothing came from there
   */
  async holder(key: string, address: string): Promise<Principal | undefined> {
    const principal = await this.lookUp(key, address);
    const expired = principal?.expiresAt != null && principal.expiresAt.getTime() <= Date.now();
    return expired ? undefined : principal;
  }

  /** By its hash: what is remembered opens nothing for who reads this process's memory. */
  private lookUp(key: string, address: string): Entry['principal'] | undefined {
    const hash = hashApiKey(key);
    const id = hash.toString('base64');
    const now = performance.now();
    const known = this.entries.get(id);
    if (known !== undefined && known.until > now) return known.principal;
    if (!isWellFormed(key)) return undefined;
    if (!this.familiar.has(id)) this.strangers.check(address);
    const principal = this.find(hash, id, address);
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    this.entries.set(id, { principal, until: now + FRESH_MS });
    // A failed look-up is not remembered.
    principal.catch(() => this.entries.delete(id));
    return principal;
  }

  private async find(hash: Buffer, id: string, address: string): Entry['principal'] {
    const principal = await this.keys.find(hash);
    if (principal === undefined) {
      this.familiar.delete(id);
      this.strangers.note(address);
    } else {
      if (this.familiar.size >= MAX_ENTRIES) this.familiar.clear();
      this.familiar.add(id);
    }
    return principal;
  }
}
