"""Documents made into Markdown, for a model to read: one file a format. `convert` knows them all.

They run in a process of their own (`chatbench.documents.confined`): what they read, strangers wrote.
"""
