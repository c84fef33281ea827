import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

export function coloursThatAre(on: boolean): Colours {
  return picocolors.createColors(on);
}
