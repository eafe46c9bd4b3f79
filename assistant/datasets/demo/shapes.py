"""The shapes and patterns a picture may name: what the knowledge files may ask for and what the drawing can draw."""

from __future__ import annotations

_NAMES = """
    bottle pump-bottle spray-bottle squeeze-bottle dropper-bottle tube stick jar tin box bag pouch sachet carton can
    bar-soap roll comb hairbrush hair-dryer razor toothbrush lipstick mirror pills thermometer first-aid mask scale
    book magazine disc vinyl-record gift-card ebook app-window cartridge film-strip
    phone phone-case cable charger power-bank phone-stand headphones earbuds speaker laptop tablet keyboard mouse
    monitor camera television remote router hard-drive usb-stick watch smart-plug controller console headset
    ring necklace earrings bracelet sunglasses hat cap shirt t-shirt sweater jacket dress skirt trousers shorts
    underwear socks sneaker boot sandal handbag backpack suitcase wallet belt scarf gloves umbrella
    chair desk table lamp bulb sofa bed mattress pillow duvet blanket towel rug curtain shelf basket candle vase
    clock picture-frame mug glass plate bowl pan pot knife cutting-board kettle coffee-maker blender toaster
    water-bottle lunch-box fridge oven dishwasher washing-machine vacuum fan heater air-purifier filter sponge
    plant-pot seeds hose watering-can shears shovel mower grill lantern string-lights bird-feeder garden-chair
    tent sleeping-bag ball racket bicycle helmet yoga-mat dumbbell fishing-rod skateboard flashlight
    building-blocks doll plush puzzle board-game toy-car kite crayons stroller crib high-chair baby-bottle diaper
    pacifier car-seat monitor-baby pet-bed pet-bowl leash collar litter-box cat-tree pet-toy aquarium
    drill hammer screwdriver wrench saw tape-measure toolbox ladder paint-can screws padlock tyre car-mat jerrycan
    dashcam wiper car-mount guitar ukulele keyboard-piano drum microphone strings-set tuner music-stand amplifier
    pen pencils notebook stapler printer envelope binder sticky-notes whiteboard paintbrush yarn fabric scissors
    sewing-machine beads safety-goggles work-gloves caliper test-tube label tea-bag coffee-beans chocolate snack-bar
    pasta oil-bottle honey-jar cereal spice-jar sign handmade-bowl soap-dish tapestry
"""
SHAPES: tuple[str, ...] = tuple(_NAMES.split())

PATTERNS: tuple[str, ...] = ("plain", "stripes", "dots", "checks", "floral", "leaves", "waves", "speckle", "label")
MATERIALS: tuple[str, ...] = (
    *("plastic", "glass", "metal", "wood", "fabric", "leather", "paper", "ceramic", "rubber", "stone", "wool"),
)
