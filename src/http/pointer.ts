/** One step of a JSON Pointer (RFC 6901), slash included: `~` and `/` inside a name are escaped. */
export function pointerTo(name: string | number): string {
  return `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
