"""What operators do, done to a real system while people buy: many copies killed and rolled, an
upgrade with two versions at once, a restore to a point in time.
"""
