/** Conditions on rows as SQL, with their parameters. Each statement that uses them counts its own parameters before. */
export class RowFilter {
  private readonly conditions: { condition: string; value: unknown }[] = [];

  constructor(
    /** Conditions that take no value, such as that a row has not expired; '' for none. */
    private readonly always = '',
  ) {}

  /** An index finds the rows that pass. */
  isSelective = false;

  get isEmpty(): boolean {
    return this.conditions.length === 0 && this.always === '';
  }

  /** Its SQL is the same for every search. */
  get takesNoValue(): boolean {
    return this.conditions.length === 0;
  }

  /** @param condition everything before the value, such as `session_id =` */
  add(condition: string, value: unknown, { isIndexed = false } = {}): this {
    this.conditions.push({ condition, value });
    this.isSelective ||= isIndexed;
    return this;
  }

  /** Text that goes on a WHERE, and appends its values to those given. */
  sql(values: unknown[]): string {
    const parts = this.conditions.map(({ condition, value }) => ` AND ${condition} ($${values.push(value)})`);
    return (this.always === '' ? '' : ` AND ${this.always}`) + parts.join('');
  }
}
