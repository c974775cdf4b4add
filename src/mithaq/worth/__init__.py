"""worth"""
