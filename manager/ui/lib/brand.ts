// White label: the provider's colour becomes the accent, moved lighter or darker until it can be read in both modes (WCAG 2.2, 1.4.3).
import type { Brand } from './api.generated';

type Rgb = [number, number, number];

function parse(colour: string): Rgb | null {
    const hex = /^#([0-9a-f]{6})$/i.exec(colour)?.[1];
    return hex ? [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb : null;
}

function luminance(colour: Rgb): number {
    const [r, g, b] = colour.map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
    return a.map((value, at) => Math.round(value + (b[at] - value) * share)) as Rgb;
}

/** Moves a colour towards another until it stands out from the ground. */
function readable(colour: Rgb, towards: Rgb, ground: Rgb): Rgb {
    for (let share = 0; share <= 1; share += 0.04) {
        const moved = mix(colour, towards, share);
        if (contrast(moved, ground) >= 4.6)
            return moved;
    }
    return towards;
}

const css = (colour: Rgb) => `rgb(${colour.join(' ')})`;
const black: Rgb = [0, 0, 0], white: Rgb = [255, 255, 255], night: Rgb = [13, 24, 20];

export function applyBrand(brand: Brand): void {
    const style = document.documentElement.style;
    const colour = brand.colour ? parse(brand.colour) : null;
    for (const name of ['--pine', '--pine-ink', '--pine-wash'])
        style.removeProperty(name);
    if (!colour)
        return;
    const light = readable(colour, black, [239, 236, 228]), dark = readable(colour, white, [44, 52, 55]);
    const washLight = mix(colour, white, 0.88), washDark = mix(colour, [20, 24, 26], 0.8);
    style.setProperty('--pine', `light-dark(${css(readable(light, black, washLight))}, ${css(readable(dark, white, washDark))})`);
    style.setProperty('--pine-ink', `light-dark(#fff, ${css(night)})`);
    style.setProperty('--pine-wash', `light-dark(${css(washLight)}, ${css(washDark)})`);
}
