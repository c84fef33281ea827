import { Injectable } from '@nestjs/common';
import { hashApiKeyAsText, isWellFormed } from './api-key-format.js';
import { ApiKeysService } from './api-keys.service.js';
import type { Principal } from './principal.js';
import { StrangerLimit } from './stranger-limit.js';

/** A revoked key stops working on every replica within 5 s; 2 s leaves room for a slow look-up. */
const FRESH_MS = 2_000;
const MAX_ENTRIES = 10_000;

type Holder = (Principal & { expiresAt: Date | null }) | undefined;

interface Entry {
  readonly holder: Promise<Holder>;
  readonly until: number;
  /** What the promise has come to: who asks then need not wait for it. */
  found?: { readonly holder: Holder };
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
   * The holder of a key; undefined where it opens nothing. At once where it is remembered.
   * @param address where the request came from
   * @throws AppError `rate_limited` where too many keys that open nothing came from there
   */
  holder(key: string, address: string): Principal | undefined | Promise<Principal | undefined> {
    const entry = this.lookUp(key, address);
    if (entry?.found !== undefined) return unlessExpired(entry.found.holder);
    return entry?.holder.then(unlessExpired);
  }

  /** By its hash: what is remembered opens nothing for who reads this process's memory. */
  private lookUp(key: string, address: string): Entry | undefined {
    const id = hashApiKeyAsText(key);
    const now = performance.now();
    const known = this.entries.get(id);
    if (known !== undefined && known.until > now) return known;
    if (!isWellFormed(key)) return undefined;
    if (!this.familiar.has(id)) this.strangers.check(address);
    const entry: Entry = { holder: this.find(id, address), until: now + FRESH_MS };
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    this.entries.set(id, entry);
    entry.holder.then(
      (holder) => (entry.found = { holder }),
      // A failed look-up is not remembered.
      () => this.entries.delete(id),
    );
    return entry;
  }

  private async find(id: string, address: string): Promise<Holder> {
    const principal = await this.keys.find(Buffer.from(id, 'base64'));
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

function unlessExpired(holder: Holder): Principal | undefined {
  const isExpired = holder?.expiresAt != null && holder.expiresAt.getTime() <= Date.now();
  return isExpired ? undefined : holder;
}
