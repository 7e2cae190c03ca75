// What the shop sells. Prices in cents; an icon is the inside of a 24×24 SVG.
export const catalogue = [
  {
    id: 'lantern',
    name: 'Storm lantern',
    price: 3900,
    icon: '<path d="M9 7h6l1 3v8H8v-8zM9 7a3 3 0 0 1 6 0M7 21h10M12 12v3"/>',
  },
  {
    id: 'rope',
    name: 'Hemp rope',
    price: 2450,
    icon: '<ellipse cx="12" cy="12" rx="8" ry="8"/><ellipse cx="12" cy="12" rx="5" ry="5"/><ellipse cx="12" cy="12" rx="2" ry="2"/>',
  },
  {
    id: 'compass',
    name: 'Brass compass',
    price: 5200,
    icon: '<circle cx="12" cy="12" r="9"/><path d="m15 9-2 4-4 2 2-4z"/>',
  },
  {
    id: 'salt',
    name: 'Sea salt',
    price: 780,
    icon: '<path d="M8 8h8l1 12H7zM9 8V5h6v3M10 12h.01M13 14h.01M11 17h.01"/>',
  },
  {
    id: 'mug',
    name: 'Enamel mug',
    price: 1400,
    icon: '<path d="M5 7h11v10a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3zM16 10h2a2 2 0 0 1 0 5h-2"/>',
  },
  {
    id: 'chart',
    name: 'Tide chart',
    price: 990,
    icon: '<path d="M3 9c3-4 6-4 9 0s6 4 9 0M3 16c3-4 6-4 9 0s6 4 9 0"/>',
  },
];

/**
 * The cart as the page and the JSON show it. What is not in the catalogue is a gift: it keeps its name and costs nothing.
 * @param {Record<string, number>} cart
 */
export function cartLines(cart) {
  return Object.entries(cart).map(([id, quantity]) => {
    const product = catalogue.find((candidate) => candidate.id === id);
    return { id, quantity, name: product?.name ?? id, price: (product?.price ?? 0) * quantity };
  });
}

/** @param {Record<string, number>} cart */
export function cartSummary(cart) {
  const lines = cartLines(cart);
  return {
    lines,
    count: lines.reduce((sum, line) => sum + line.quantity, 0),
    total: lines.reduce((sum, line) => sum + line.price, 0),
  };
}
