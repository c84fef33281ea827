import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReferenceBm25 } from '../../bench/reference-bm25.js';
import { SearchedRows } from '../support/searched-rows.js';

const TOP = 10;
const WORDS = ['build', 'fails', 'the', 'of', 'merge', 'rollback', 'naïve', '請求書', 'テスト', '移行', '本番', 'のを', '𠮷野家', 'v1', '42', 'データベース'];

let rows: SearchedRows;
beforeAll(async () => {
  rows = await SearchedRows.open();
});
afterAll(() => rows?.close());

/** The texts that stand in the table, by the session that tells their rows apart. */
type Model = Map<string, string>;
type Real = { readonly rows: SearchedRows; made: number };

const text = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 }).chain((words) => fc.constantFrom(' ', ' ', '').map((joint) => words.join(joint)));
/** One of the rows that there are, whichever they will be. */
const oneOf = (model: Readonly<Model>, nth: number) => [...model.keys()][nth % model.size]!;
const nth = fc.nat(1_000);

class Insert implements fc.AsyncCommand<Model, Real> {
  constructor(private readonly texts: readonly string[]) {}
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const made = this.texts.map((each) => ({ session: `row ${real.made++}`, text: each }));
    await real.rows.insert(made);
    for (const { session, text: each } of made) model.set(session, each);
  }
  toString = () => `insert ${JSON.stringify(this.texts)}`;
}

class Change implements fc.AsyncCommand<Model, Real> {
  constructor(
    private readonly how: 'rewrite' | 'delete' | 'rewrite by SQL' | 'delete by SQL',
    private readonly nth: number,
    private readonly text: string,
  ) {}
  check = (model: Readonly<Model>) => model.size > 0;
  async run(model: Model, { rows: real }: Real): Promise<void> {
    const session = oneOf(model, this.nth);
    if (this.how === 'rewrite') await real.rewrite(session, this.text);
    if (this.how === 'delete') await real.remove(session);
    // What SQL does on its own is found when segments are compared with their rows.
    if (this.how === 'rewrite by SQL') await real.query('UPDATE coding_rule2.conversation_context SET user_message = $2 WHERE session_id = $1', [session, this.text]);
    if (this.how === 'delete by SQL') await real.query('DELETE FROM coding_rule2.conversation_context WHERE session_id = $1', [session]);
    if (this.how.endsWith('SQL')) await real.check({ isDue: true });
    if (this.how.startsWith('delete')) model.delete(session);
    else model.set(session, this.text);
  }
  toString = () => `${this.how} ${this.nth} ${JSON.stringify(this.text)}`;
}

class Keep implements fc.AsyncCommand<Model, Real> {
  constructor(private readonly what: 'index' | 'compact' | 'come near the end of the window') {}
  check = () => true;
  async run(_model: Model, { rows: real }: Real): Promise<void> {
    if (this.what === 'index') await real.index();
    if (this.what === 'compact') await real.compact();
    if (this.what === 'come near the end of the window') await real.continueAtEndOfWindow();
  }
  toString = () => this.what;
}

class Search implements fc.AsyncCommand<Model, Real> {
  constructor(private readonly question: string) {}
  check = () => true;
  async run(model: Model): Promise<void> {
    await expectRanked(model, this.question);
  }
  toString = () => `search ${this.question}`;
}

/** Each place has the score that BM25 over the rows that there are gives it, and each row the one that it gives the row. */
async function expectRanked(model: Model, question: string): Promise<void> {
  const reference = new ReferenceBm25();
  const sessions = [...model.keys()];
  for (const [id, session] of sessions.entries()) reference.add(id, `${model.get(session)!}\n`);
  const all = model.size === 0 ? [] : reference.top(question, sessions.length);
  const scores = new Map(all.map(({ id, score }) => [sessions[id]!, score.toFixed(6)]));
  const found = await rows.search(question, TOP);
  expect(found.map(({ score }) => score.toFixed(6))).toEqual(all.slice(0, TOP).map(({ score }) => score.toFixed(6)));
  expect(found.map(({ session, score }) => [session, score.toFixed(6)])).toEqual(found.map(({ session }) => [session, scores.get(session)]));
}

const commands = fc.commands<Model, Real, false>(
  [
    fc.array(text, { minLength: 1, maxLength: 25 }).map((texts) => new Insert(texts)),
    fc.tuple(fc.constantFrom('rewrite' as const, 'delete' as const, 'rewrite by SQL' as const, 'delete by SQL' as const), nth, text).map((what) => new Change(...what)),
    fc.constant(new Keep('index')),
    fc.constantFrom('index' as const, 'compact' as const, 'come near the end of the window' as const).map((what) => new Keep(what)),
    text.map((question) => new Search(question)),
  ] as fc.Arbitrary<fc.AsyncCommand<Model, Real>>[],
  { maxCommands: 40, size: 'max' },
);

test('whatever happens to rows and segments in whatever order, the ranking is BM25 over the rows that there are, and the index is what they say', async () => {
  const real: Real = { rows, made: 0 };
  await fc.assert(
    fc
      .asyncProperty(commands, async (run) => {
        const model: Model = new Map();
        await fc.asyncModelRun(() => ({ model, real }), run);
        await expectRanked(model, WORDS.join(' '));
        expect(await rows.disagreements()).toEqual([]);
      })
      .afterEach(async () => {
        await rows.query('DELETE FROM coding_rule2.text_postings');
        await rows.query('DELETE FROM coding_rule2.text_segments');
        await rows.query('DELETE FROM coding_rule2.conversation_context');
      }),
    { numRuns: 12, endOnFailure: true },
  );
});

test('a long row that says a word oftener than a segment can tell is not missed', async () => {
  const model: Model = new Map();
  // Enough rows that seem better by the segment, and others that make a row of usual length short.
  for (let made = 0; made < 150; made++) model.set(`often ${made}`, 'merge '.repeat(6));
  for (let made = 0; made < 150; made++) model.set(`seldom ${made}`, 'build fails the rollback of v1');
  model.set('long', `${'merge '.repeat(1_000)}${'build '.repeat(100)}`);
  await rows.insert([...model].map(([session, each]) => ({ session, text: each })));
  await rows.index();
  await expectRanked(model, 'merge');
  expect((await rows.search('merge', 1)).map(({ session }) => session)).toEqual(['long']);
});
