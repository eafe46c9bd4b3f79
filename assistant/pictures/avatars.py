def draw_avatar(*a, **k):
    return ""
