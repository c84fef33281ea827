import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../../../database/databases.js';
import { JobRunner } from '../../../jobs/job-runner.js';
import type { CorpusName } from './corpus.js';
import { SegmentCheck } from './segment-check.service.js';
import { SegmentCompaction } from './segment-compaction.service.js';
import { ENOUGH_NEW_ROWS, FEWEST_NEW_ROWS, TextIndexer } from './text-indexer.service.js';

const NAMES: readonly CorpusName[] = ['conversations', 'memories'];
/** How often it is looked whether this process has brought enough new rows. */
const LOOK_EVERY_MS = 500;
/** So often it is waited, while rows keep coming, for enough of them to make a segment. */
const MOST_WAITS = 4;
/** Between two comparisons of the segments with their rows, which read all rows where one has changed. */
const CHECK_EVERY_S = 60;
/** A job must not keep the others waiting; what is left is for the next run. */
const JOB_FOR_MS = 20_000;

/** New rows of a corpus that this process knows of, in no segment yet. */
interface Backlog {
  rows: number;
  /** Some have come since it was last looked. */
  isGrowing: boolean;
  waits: number;
}

/** Sees to it that new rows get into segments: soon where this process has written or searched them, within a minute otherwise. */
@Injectable()
export class Indexing implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Indexing.name);
  private readonly backlogs = new Map<CorpusName, Backlog>(NAMES.map((name) => [name, { rows: 0, isGrowing: false, waits: 0 }]));
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;

  constructor(
    private readonly runner: JobRunner,
    private readonly databases: Databases,
    private readonly indexer: TextIndexer,
    private readonly compaction: SegmentCompaction,
    private readonly segmentCheck: SegmentCheck,
  ) {}

  onModuleInit(): void {
    if (!this.databases.serves('coding_rule2')) return;
    // Started here and not by the request that writes: what a request starts belongs to its transaction.
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
    this.runner.add({
      name: 'coding_rule2.text-index',
      everySeconds: CHECK_EVERY_S,
      leaseSeconds: 120,
      run: async (signal) => {
        // What this process is indexing already holds the lock that the job would wait for.
        while (this.working !== undefined) await this.working;
        const limited = AbortSignal.any([signal, AbortSignal.timeout(JOB_FOR_MS)]);
        await this.atWork(this.checkAndIndex(limited));
      },
    });
  }

  /** Told by whoever writes rows. */
  addNewRows(name: CorpusName, rows: number): void {
    const backlog = this.backlogs.get(name)!;
    backlog.rows += rows;
    backlog.isGrowing = true;
  }

  /** Told by whoever finds rows in no segment, whoever wrote them. */
  noteNewRows(name: CorpusName, rows: number): void {
    const backlog = this.backlogs.get(name)!;
    backlog.rows = Math.max(backlog.rows, rows);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.working;
  }

  /** Takes what is new into segments, and puts small segments together. */
  async index(name: CorpusName, signal: AbortSignal): Promise<number> {
    const rows = await this.indexer.index(name, signal);
    await this.compaction.compact(name, signal);
    return rows;
  }

  private look(): void {
    if (this.working !== undefined || this.stopping.signal.aborted) return;
    const due = NAMES.filter((name) => isDue(this.backlogs.get(name)!));
    if (due.length === 0) return;
    for (const name of due) this.backlogs.set(name, { rows: 0, isGrowing: false, waits: 0 });
    void this.atWork(this.indexAll(due));
  }

  private async atWork(work: Promise<void>): Promise<void> {
    const ended = () => void (this.working = undefined);
    this.working = work.then(ended, ended);
    await work;
  }

  private async checkAndIndex(signal: AbortSignal): Promise<void> {
    for (const name of NAMES) await this.segmentCheck.check(name, signal);
    for (const name of NAMES) await this.index(name, signal);
  }

  private async indexAll(names: readonly CorpusName[]): Promise<void> {
    for (const name of names) {
      try {
        await this.index(name, this.stopping.signal);
      } catch (error) {
        if (!this.stopping.signal.aborted) this.logger.warn(`New rows of ${name} could not be indexed and are searched as they are: ${String(error)}`);
      }
    }
  }
}

/** Asked at every look. */
function isDue(backlog: Backlog): boolean {
  const isWorthwhile = !backlog.isGrowing || backlog.rows >= ENOUGH_NEW_ROWS || backlog.waits >= MOST_WAITS;
  backlog.isGrowing = false;
  if (backlog.rows < FEWEST_NEW_ROWS) return false;
  if (!isWorthwhile) backlog.waits++;
  return isWorthwhile;
}
