/** What the look before left behind. */
export interface ActivityBefore {
  readonly counters: Readonly<Record<string, number>>;
  readonly lastActivity: Date | null;
  readonly exactRecords: number | null;
}

/** What this look has seen. */
export interface ActivityNow {
  /** Rows written so far, by the table's OID; a table that was never written is absent. */
  readonly writes: Readonly<Record<string, number>>;
  readonly exactRecords: number | null;
}

/**
 * When the schema was last written, as far as two looks can tell. Scans are no activity, so a backup's reading is none.
 * A counter that has fallen began again at zero (a statistics reset, a crash, a restart of the embedded engine): what it
 * shows was written since. A backend reports its counts up to ten seconds late; a row count that changed is seen at once.
 */
export function lastActivityOf(before: ActivityBefore | undefined, now: ActivityNow, at: Date): Date | null {
  const wasWritten = Object.entries(now.writes).some(([table, written]) => {
    const known = before?.counters[table] ?? 0;
    return written > known || (written < known && written > 0);
  });
  const changed = now.exactRecords !== null && now.exactRecords !== (before?.exactRecords ?? (before === undefined ? 0 : now.exactRecords));
  return wasWritten || changed ? at : (before?.lastActivity ?? null);
}
