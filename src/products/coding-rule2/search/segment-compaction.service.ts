import { Injectable } from '@nestjs/common';
import { newId } from '../../../database/new-id.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type CorpusName } from './corpus.js';
import { placeOf, windowOf } from './segment-format.js';

interface Part {
  id: string;
  version: number;
  firstNo: string;
  lastNo: string;
  documents: number;
}

/** So many neighbours of a kind become one: more cost every search a look, fewer are written again and again. */
const NEIGHBOURS = 8;
/** Segments below the same one of these numbers of rows are of a kind. */
const KINDS = [6_000, 40_000] as const;

/** Puts small segments of a window together, so that a search has few to look into. */
@Injectable()
export class SegmentCompaction {
  constructor(private readonly database: CodingRule2Database) {}

  /** @returns how many segments were put into others */
  async compact(name: CorpusName, signal: AbortSignal): Promise<number> {
    for (let gone = 0; ; ) {
      const parts = signal.aborted ? undefined : chooseParts(await this.parts(name));
      if (parts === undefined || !(await this.join(name, parts))) return gone;
      gone += parts.length;
    }
  }

  private parts(name: CorpusName): Promise<Part[]> {
    return this.database.query<Part>(
      `SELECT id, version, first_no AS "firstNo", last_no AS "lastNo", documents FROM coding_rule2.text_segments WHERE corpus = $1 ORDER BY first_no`,
      [CORPORA[name].name],
    );
  }

  /**
   * Postings keep places in the window, so those of a term are put one behind the other. Locks nothing while it writes;
   * if a part has changed meanwhile, nothing was done.
   */
  private async join(name: CorpusName, parts: readonly Part[]): Promise<boolean> {
    const ids = parts.map((part) => part.id);
    const first = parts[0]!;
    const last = parts[parts.length - 1]!;
    return this.database.transaction(async (tx) => {
      const id = newId();
      await tx.query(
        `INSERT INTO coding_rule2.text_postings (segment_id, term, postings)
         SELECT $1, p.term, string_agg(p.postings, ''::bytea ORDER BY s.first_no)
           FROM coding_rule2.text_postings p JOIN coding_rule2.text_segments s ON s.id = p.segment_id
          WHERE p.segment_id = ANY ($2)
          GROUP BY p.term`,
        [id, ids],
      );
      const locked = await tx.query<(Part & { lengths: Buffer })[]>(
        `SELECT id, version, first_no AS "firstNo", last_no AS "lastNo", documents, lengths
           FROM coding_rule2.text_segments WHERE id = ANY ($1) ORDER BY id FOR UPDATE`,
        [ids],
      );
      const same = new Map(locked.map((part) => [part.id, part]));
      if (parts.some((part) => same.get(part.id)?.version !== part.version)) {
        await tx.query('DELETE FROM coding_rule2.text_postings WHERE segment_id = $1', [id]);
        return false;
      }
      await tx.query(
        `INSERT INTO coding_rule2.text_segments (id, corpus, first_no, last_no, documents, tokens, checksum, lengths)
         SELECT $1, $2, min(first_no), max(last_no), sum(documents), sum(tokens), sum(checksum), $4
           FROM coding_rule2.text_segments WHERE id = ANY ($3)`,
        [id, name, ids, joinLengths(Number(first.firstNo), Number(last.lastNo), locked)],
      );
      await tx.query('DELETE FROM coding_rule2.text_segments WHERE id = ANY ($1)', [ids]);
      await tx.query('DELETE FROM coding_rule2.text_postings WHERE segment_id = ANY ($1)', [ids]);
      return true;
    });
  }
}

/** The lengths of neighbouring segments as those of one; rows that are in none have the length 0. */
function joinLengths(firstNo: number, lastNo: number, parts: readonly (Part & { lengths: Buffer })[]): Buffer {
  const joined = Buffer.alloc(2 * (lastNo - firstNo + 1));
  for (const part of parts) part.lengths.copy(joined, 2 * (placeOf(Number(part.firstNo)) - placeOf(firstNo)));
  return joined;
}

/** Neighbours of one window that are worth putting together: all of a window that is full, or many of a kind. Undefined for none. */
export function chooseParts<T extends Pick<Part, 'firstNo' | 'documents'>>(segments: readonly T[]): T[] | undefined {
  const windows = segments.map((segment) => windowOf(Number(segment.firstNo)));
  const full = windows.findIndex((window, at) => window === windows[at + 1] && window < windows[windows.length - 1]!);
  if (full >= 0) return segments.filter((_, at) => windows[at] === windows[full]);
  for (const kind of [...KINDS, Infinity]) {
    let run: T[] = [];
    for (const segment of segments) {
      const window = windowOf(Number(segment.firstNo));
      const continues = run.length > 0 && windowOf(Number(run[0]!.firstNo)) === window;
      if (!continues || segment.documents >= kind) {
        if (run.length >= NEIGHBOURS) return run;
        run = [];
      }
      if (segment.documents < kind) run.push(segment);
    }
    if (run.length >= NEIGHBOURS) return run;
  }
  return undefined;
}
