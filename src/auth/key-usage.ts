import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ApiKeysService } from './api-keys.service.js';

const FLUSH_MS = 15_000;

/** Collects when keys are used and writes it down now and then: a write on each request would cost more than the request. */
@Injectable()
export class KeyUsage implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(KeyUsage.name);
  private uses = new Map<string, Date>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly keys: ApiKeysService) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  note(keyId: string): void {
    this.uses.set(keyId, new Date());
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.uses.size === 0) return;
    const uses = this.uses;
    this.uses = new Map();
    try {
      await this.keys.markUsed(uses);
    } catch (error) {
      // Kept for the next time, unless a newer use has been noted meanwhile.
      for (const [id, at] of uses) if (!this.uses.has(id)) this.uses.set(id, at);
      this.logger.warn(`When keys were last used could not be written down yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
