"""Words that the reading of constraints rests on: what a buyer may refuse outright, and brands that are plain words."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AVOIDABLE = _words(
    """
    acrylic alcohol almond almonds aluminium aluminum ammonia animal-products aspartame bamboo bpa brass bleach
    caffeine canvas cardboard carrageenan cashmere cheese chicken chocolate cilantro cinnamon citrus coconut coffee
    collagen cork corn cotton dairy denim down dye dyes egg eggs essential-oil essential-oils fat feather feathers
    fish fleece fluoride foam formaldehyde fragrance fragrances fur garlic gelatin glass glitter gluten gmo gmos
    gold honey iron jelly lace lactose lanolin lard latex lavender lead leather linen magnesium magnets meat mdf
    metal microplastics milk mineral-oil mint msg mushrooms mustard neoprene nickel nut nuts nylon oats oil onion
    palm-oil paraben parabens particleboard peanut peanuts peppermint perfume perfumes petrolatum petroleum
    phthalate phthalates pine plastic plastics polyester pork preservatives pvc rayon retinol rhinestones rubber
    salicylic-acid salt scent scented scents sequins sesame shellfish silicone silicones silk silver sls sodium soy
    spandex starch steel studs subscription suede sugar sulfate sulfates sulphate sulphates sweetener sweeteners
    talc teflon tin tree-nuts underwire vanilla velcro velvet vinyl wheat wi-fi wifi wicker wood wool xylitol yeast
    zinc zipper zippers
    beige black blue brown burgundy coral cream gray green grey ivory lilac maroon mauve navy orange pink purple red
    tan teal turquoise violet white yellow
    artificial-color artificial-colors artificial-coloring artificial-colorings artificial-dyes artificial-flavor
    artificial-flavors artificial-flavoring artificial-fragrance artificial-ingredients artificial-preservatives
    artificial-sweetener artificial-sweeteners added-sugar added-sugars corn-syrup high-fructose-corn-syrup
    animal-print leopard-print camouflage polka-dots stripes floral paisley plaid
    """
)
"""Materials, ingredients, colours and patterns; a hyphen stands for a space. Only these become words to avoid: after
"not" or "without" people mostly name states ("without any issues") that no product's text would give away."""

ALIKE = {word: frozenset(group) for group in (("fragrance", "perfume", "scent", "scented"),) for word in group}
"""Words that say the same of an item: who refuses one of a group refuses them all."""

PLAIN_WORDS = _words(
    """
    ago alive all always amazon amazing angel apple arrow axe baby balance basic basics beauty benefit bella best beyond
    blossom blue boots bounty brand bubble champion cherry classic clear coach comfort cool crest crown dawn degree dial
    direct disco dove dragon dream duo earth easy elegant elite envy essential essentials eternal everyday everyone
    evolve express fashion finish first focus forever free fresh fuji gain gap generic genius glad glamour glow gold
    good great green guess happy harmony heaven home honest hope hot house ideal impress intake iris it joy just kids
    kiss life light local love lucky lush luxury magic mars master max method mini miracle modern mother mystic na naked
    native natural naturals nature new nice noble nostalgia okay oil one online only orbit organic original other
    pacific panda pastel perfect perfection pine pink pioneer planet pop power premier premium prime pro puma pure
    quality queen radiant rain raw real relax ripple rose royal safety scratch secret sense shell shine simple simply
    smart smile
    smooth snow snowflakes soft solid sparks special spring star stanley store style suave summer sun super sweet tan
    target the them thing tide time top total touch trilogy true ultimate unique universal unknown urban value vans
    vigorous vision vital wave white wild wing winner wish wonder wood world you young zen
    """
)
"""Brand names that are everyday words: in lower case they count only where a brand must stand ("by dove")."""
