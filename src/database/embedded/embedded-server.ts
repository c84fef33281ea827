// placeholder until the real one lands
export interface EmbeddedOptions { dataDir: string; port?: number; onProgress?: (step: string) => void; log?: (level: 'info' | 'warn' | 'error', message: string) => void }
export interface EmbeddedServer { adminUrl: string; roleSecret: string; backupSecret: string; firstStart: boolean; owned: boolean; stop(): Promise<void> }
export async function startEmbedded(_options: EmbeddedOptions): Promise<EmbeddedServer> { throw new Error('not there yet'); }
export const openEmbedded = startEmbedded;
