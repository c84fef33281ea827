import { Injectable } from '@nestjs/common';
import { hashApiKey, isWellFormed } from './api-key-format.js';
import { ApiKeysService } from './api-keys.service.js';
import type { Principal } from './principal.js';

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

  constructor(private readonly keys: ApiKeysService) {}

  /** The holder of a key; undefined where it opens nothing. */
  async holder(key: string): Promise<Principal | undefined> {
    if (!isWellFormed(key)) return undefined;
    const hash = hashApiKey(key);
    const principal = await this.lookUp(hash);
    const expired = principal?.expiresAt != null && principal.expiresAt.getTime() <= Date.now();
    return expired ? undefined : principal;
  }

  private lookUp(hash: Buffer): Entry['principal'] {
    const id = hash.toString('base64');
    const now = performance.now();
    const known = this.entries.get(id);
    if (known !== undefined && known.until > now) return known.principal;
    const principal = this.keys.find(hash);
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    this.entries.set(id, { principal, until: now + FRESH_MS });
    // A failed look-up is not remembered.
    principal.catch(() => this.entries.delete(id));
    return principal;
  }
}
