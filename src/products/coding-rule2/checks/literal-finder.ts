import { FOLD } from './folding.js';

/** Only so many units of a literal are looked for: what they occur in is looked at more closely anyway. */
const LONGEST = 16;
const UNITS = 0x10000;

/**
 * Which of many literals a text contains, in one pass over it however many they are (Aho and Corasick, 1975). Case is
 * ignored as `FOLD` does. Says yes for a literal of which only the first 16 units occur.
 */
export class LiteralFinder {
  /** Transitions of the trie, open addressing: where node × unit leads. */
  private readonly from: Int32Array;
  private readonly unit: Uint16Array;
  private readonly to: Int32Array;
  private readonly mask: number;
  private readonly fromRoot = new Int32Array(UNITS);
  /** Where to go on when a node has no transition: the longest end of what was read that is a beginning too. */
  private readonly fallBack: Int32Array;
  /** The literals that end at each node. */
  private readonly literalsAt: (number[] | undefined)[] = [undefined];
  private nodes = 1;

  constructor(literals: readonly string[]) {
    const most = literals.reduce((sum, literal) => sum + Math.min(literal.length, LONGEST), 1);
    const size = 2 ** Math.ceil(Math.log2(2 * most + 2));
    this.mask = size - 1;
    this.from = new Int32Array(size).fill(-1);
    this.unit = new Uint16Array(size);
    this.to = new Int32Array(size);
    const parents: number[] = [0];
    const units: number[] = [0];
    for (const [nth, literal] of literals.entries()) {
      let node = 0;
      for (let at = 0; at < Math.min(literal.length, LONGEST); at++) {
        const unit = FOLD[literal.charCodeAt(at)]!;
        let next = this.goFrom(node, unit);
        if (next === 0) {
          next = this.addNode(node, unit);
          parents.push(node);
          units.push(unit);
        }
        node = next;
      }
      (this.literalsAt[node] ??= []).push(nth);
    }
    this.fallBack = new Int32Array(this.nodes);
    this.linkByDepth(parents, units);
  }

  /** Calls back once for each literal that occurs. */
  find(text: string, found: (literal: number) => void): void {
    const seen = new Uint8Array(this.nodes);
    let node = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = FOLD[text.charCodeAt(at)]!;
      let next = this.goFrom(node, unit);
      while (next === 0 && node !== 0) {
        node = this.fallBack[node]!;
        next = this.goFrom(node, unit);
      }
      node = next;
      // Whatever ends here ends at the nodes it falls back to, too; where one was met before, so were the others.
      for (let end = node; end !== 0 && seen[end] === 0; end = this.fallBack[end]!) {
        seen[end] = 1;
        for (const literal of this.literalsAt[end] ?? []) found(literal);
      }
    }
  }

  /** 0, the root, where there is no transition. */
  private goFrom(node: number, unit: number): number {
    if (node === 0) return this.fromRoot[unit]!;
    for (let slot = this.slotOf(node, unit); this.from[slot] !== -1; slot = (slot + 1) & this.mask) {
      if (this.from[slot] === node && this.unit[slot] === unit) return this.to[slot]!;
    }
    return 0;
  }

  private addNode(node: number, unit: number): number {
    const added = this.nodes++;
    this.literalsAt.push(undefined);
    if (node === 0) {
      this.fromRoot[unit] = added;
      return added;
    }
    let slot = this.slotOf(node, unit);
    while (this.from[slot] !== -1) slot = (slot + 1) & this.mask;
    this.from[slot] = node;
    this.unit[slot] = unit;
    this.to[slot] = added;
    return added;
  }

  /** A node falls back to where its parent's fall-back leads, which is less deep: nodes are gone through by depth. */
  private linkByDepth(parents: readonly number[], units: readonly number[]): void {
    const depth = new Int32Array(this.nodes);
    for (let node = 1; node < this.nodes; node++) depth[node] = depth[parents[node]!]! + 1;
    const order = Array.from({ length: this.nodes - 1 }, (_, at) => at + 1).sort((a, b) => depth[a]! - depth[b]!);
    for (const node of order) {
      const parent = parents[node]!;
      if (parent === 0) continue;
      let back = this.fallBack[parent]!;
      let next = this.goFrom(back, units[node]!);
      while (next === 0 && back !== 0) {
        back = this.fallBack[back]!;
        next = this.goFrom(back, units[node]!);
      }
      this.fallBack[node] = next;
    }
  }

  private slotOf(node: number, unit: number): number {
    const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}
