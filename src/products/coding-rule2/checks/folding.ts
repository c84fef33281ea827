/**
 * Each UTF-16 unit's representative among the letters that differ in case only: at least those that RE2 takes for the same
 * where it ignores case (K and the Kelvin sign, σ and ς, s and ſ). Texts are compared folded before an expression is run.
 */
export const FOLD: Uint16Array = Uint16Array.from({ length: 0x10000 }, (_, unit) => {
  const lower = singleUnit(unit, (text) => text.toLowerCase());
  return singleUnit(singleUnit(lower, (text) => text.toUpperCase()), (text) => text.toLowerCase());
});

/** Unit by unit, so that it does not depend on what stands beside, as lower-casing a whole text does. */
export function folded(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) result += String.fromCharCode(FOLD[text.charCodeAt(at)]!);
  return result;
}

/** Letters beyond it take two units, which are not folded. */
export function isWithinBasicPlane(character: string): boolean {
  return character.length === 1 && (character < '\ud800' || character > '\udfff');
}

function singleUnit(unit: number, change: (text: string) => string): number {
  const changed = change(String.fromCharCode(unit));
  return changed.length === 1 ? changed.charCodeAt(0) : unit;
}
