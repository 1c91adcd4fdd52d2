import type { SeedProduct } from '../seed.ts'

export const kitchen: readonly Omit<SeedProduct, 'lowStockAt'>[] = [
  {
    sku: 'MUG-ENAMEL-BLUE',
    name: 'Enamel mug, harbour blue',
    description:
      'Steel mug under two coats of enamel, with a rolled rim that will not chip at the first drop. Holds 350 ml. Fine on a gas ring or a camp fire, not in the microwave.',
    category: 'kitchen',
    price: 1490,
    shape: 'mug',
    palette: 'harbour',
    stock: 5000,
  },
  {
    sku: 'MUG-ENAMEL-CREAM',
    name: 'Enamel mug, cream',
    description:
      'The same steel mug in warm cream, with a rolled rim and room for 350 ml. Gets prettier with every scratch.',
    category: 'kitchen',
    price: 1490,
    shape: 'mug',
    palette: 'cream',
    stock: 320,
  },
  {
    sku: 'MUG-STONEWARE-MOSS',
    name: 'Stoneware mug, moss',
    description:
      'Thrown by hand and fired twice, so no two glazes run alike. 300 ml, safe in the dishwasher.',
    category: 'kitchen',
    price: 1990,
    shape: 'mug',
    palette: 'moss',
    stock: 140,
  },
  {
    sku: 'TEAPOT-STONEWARE-RUST',
    name: 'Stoneware teapot, rust',
    description:
      'A round pot for four cups with a strainer behind the spout and a lid that stays on when you pour.',
    category: 'kitchen',
    price: 5450,
    shape: 'teapot',
    palette: 'rust',
    stock: 60,
  },
  {
    sku: 'TEAPOT-PORCELAIN-WHITE',
    name: 'Porcelain teapot, white',
    description:
      'Thin-walled porcelain that keeps its heat for half an hour. One litre, with a steel infuser basket.',
    category: 'kitchen',
    price: 6200,
    shape: 'teapot',
    palette: 'chalk',
    stock: 45,
  },
  {
    sku: 'BOTTLE-STEEL-TEAL',
    name: 'Insulated bottle, teal',
    description:
      'Double-walled steel that keeps tea hot for twelve hours and water cold for twenty-four. 750 ml, leak-proof cap with a carrying loop.',
    category: 'kitchen',
    price: 2990,
    shape: 'bottle',
    palette: 'teal',
    stock: 260,
  },
  {
    sku: 'BOTTLE-STEEL-CHARCOAL',
    name: 'Insulated bottle, charcoal',
    description:
      'Double-walled steel with a matt powder coat. 500 ml, fits every cup holder and every bottle cage.',
    category: 'kitchen',
    price: 2690,
    shape: 'bottle',
    palette: 'charcoal',
    stock: 240,
  },
  {
    sku: 'BOTTLE-STEEL-BLUSH',
    name: 'Insulated bottle, blush',
    description: 'Double-walled steel, 500 ml, in a soft pink that does not show scratches.',
    category: 'kitchen',
    price: 2690,
    shape: 'bottle',
    palette: 'blush',
    stock: 180,
  },
  {
    sku: 'BOWL-ACACIA-SERVING',
    name: 'Serving bowl, acacia',
    description:
      'Turned from one piece of acacia and oiled by hand. 28 cm across: a salad for six.',
    category: 'kitchen',
    price: 4200,
    shape: 'bowl',
    palette: 'walnut',
    stock: 75,
  },
  {
    sku: 'BOWL-STONEWARE-SKY',
    name: 'Breakfast bowl, sky',
    description:
      'Deep stoneware bowl for porridge, ramen or too much ice cream. Glazed inside and out.',
    category: 'kitchen',
    price: 1690,
    shape: 'bowl',
    palette: 'sky',
    stock: 210,
  },
  {
    sku: 'KNIFE-CHEF-OAK',
    name: 'Chef’s knife, oak handle',
    description:
      'A 20 cm blade of German stainless steel, ground thin and balanced at the bolster, with a handle of smoked oak.',
    category: 'kitchen',
    price: 8900,
    shape: 'knife',
    palette: 'oak',
    stock: 80,
  },
  {
    sku: 'KNIFE-SANTOKU-PLUM',
    name: 'Santoku, plum handle',
    description:
      'A 17 cm Japanese all-rounder with a granton edge, for people who cut more vegetables than anything else.',
    category: 'kitchen',
    price: 9600,
    shape: 'knife',
    palette: 'plum',
    stock: 55,
  },
  {
    sku: 'PAN-IRON-24',
    name: 'Cast-iron pan, 24 cm',
    description:
      'Pre-seasoned cast iron that goes from the hob into the oven and from you to your grandchildren.',
    category: 'kitchen',
    price: 4950,
    shape: 'pan',
    palette: 'charcoal',
    stock: 110,
  },
  {
    sku: 'PAN-ENAMEL-MUSTARD',
    name: 'Enamelled sauté pan, mustard',
    description:
      'Cast iron under three layers of enamel, 28 cm, with a wooden handle that stays cool.',
    category: 'kitchen',
    price: 7900,
    shape: 'pan',
    palette: 'mustard',
    stock: 65,
  },
  {
    sku: 'GRINDER-COFFEE-WALNUT',
    name: 'Hand coffee grinder, walnut',
    description:
      'Conical steel burrs with 30 settings, from espresso to French press. The drawer holds grounds for four cups.',
    category: 'kitchen',
    price: 6900,
    shape: 'grinder',
    palette: 'walnut',
    stock: 70,
  },
  {
    sku: 'GRINDER-COFFEE-TEAL',
    name: 'Hand coffee grinder, teal',
    description:
      'The same conical burrs in a lacquered beech body, for kitchens that like some colour.',
    category: 'kitchen',
    price: 6900,
    shape: 'grinder',
    palette: 'teal',
    stock: 50,
  },
]
