"""Poems: a language model of Tang poetry, character by character."""
